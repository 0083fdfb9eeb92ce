"""Series for charts: a metric's numbers in at most as many buckets as a screen is wide.

A bucket is a block of points, 2^n of them from a multiple of 2^n on, so its borders never move
when points are added; when there are too many, neighbours become one. Each has the least and the
greatest number, so that no spike is lost, and says how many of its points are gaps (NaN). A range
with no more points than the width gives the points themselves.

Large logs are read once: what is known of them is kept in the index (`cache_file`), where
it can be removed at any moment, and only what was logged since is read.
"""
