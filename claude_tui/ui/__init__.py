"""The screen: keys, layout and scrolling. Nothing here knows a provider, a tool or the store."""
