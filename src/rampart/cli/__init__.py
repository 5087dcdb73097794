"""The command line: ``rampart COMMAND``. Its commands, exit codes and JSON are a fixed contract."""
