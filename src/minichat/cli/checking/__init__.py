"""The checks of `minichat check`: `setup` checks settings, files and servers, `service` the running chat.

Each check is a function that yields findings. No check changes anything.
"""
