"""The process that owns one run's script. It is a program: no other room imports it."""
