# What logsui uses of gunicorn, whose own code has no types. The names with an underscore are gunicorn's internals:
# a new version has to be compared with this list.
