"""``python -m rebill`` is ``rebill``."""

from rebill.cli import main

if __name__ == "__main__":
    main()
