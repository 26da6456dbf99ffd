"""The subcommands of the command line, imported only when called."""
