"""Families of tasks: one folder each, of source, stream, verbs and report."""
