"""What comes in by itself: the catalogue and the cost that Microsoft's services have."""
