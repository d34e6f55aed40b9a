"""What comes in to be billed: files of cost, and lines that the partner enters by hand."""
