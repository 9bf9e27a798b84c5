"""What `minichat check` looks at: `setup` at the settings, the files and the servers behind, `service` at what runs.

Each check is a function that yields findings. None of them changes anything.
"""
