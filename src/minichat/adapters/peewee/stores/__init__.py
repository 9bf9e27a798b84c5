"""The queries: one module per store port. A store decides no rule of the chat and opens no transaction."""
