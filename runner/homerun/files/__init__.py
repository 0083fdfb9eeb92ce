"""The files of a run: upload, download, browse, archive."""
