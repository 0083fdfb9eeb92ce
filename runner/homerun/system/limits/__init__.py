"""Limits of a run: control groups, processors, what watches where there are none, and the truth of
an end for want of memory.
"""
