"""Blocks as lines of styled text for a width. Rich is known here, Textual is not."""
