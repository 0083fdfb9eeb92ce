"""Ray as a place for runs, through the REST interface of its jobs; `ray` itself is not needed."""
