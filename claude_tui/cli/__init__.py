"""The command line: what is typed, what starts, what is printed. The only place that knows every concrete class."""
