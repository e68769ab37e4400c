"""`chat-tui doctor`: looks at all that a chat needs, changes nothing, and says what to do about what is wrong."""
