"""The index: a cache of what lists and filters ask, as SQLite in `.runs/.index/`.

It is never needed and can be deleted at any moment: the folders are the truth. Each query first
brings it up to date, at a cost that follows what has changed:

- new runs are read from the end of each ledger on;
- runs that are not over are looked at again each time;
- runs that are over are read again where a writer has marked them (`runstore.run.change_marks`);
- what was changed without this software (folders copied in, removed, edited) is found by a look at
  the time stamps of all runs, at most once a minute (`verify.all_runs`).

Each run that a query yields was checked against its folder, so none is shown that is gone, or that
its folder no longer says to be meant.
"""
