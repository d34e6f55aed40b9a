"""What would be: a book on a real month, any change on any month, names that nearly match."""
