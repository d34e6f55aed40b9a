"""The rules that the partner prices by: price books, whom they are assigned to, billing rules."""
