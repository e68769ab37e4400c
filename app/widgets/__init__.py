"""What is on the screen. Widgets are handed entries and read functions; they know no storage and no network."""
