"""`python -m jit_gym` is `jit-gym`."""

from .cli import main

if __name__ == "__main__":
    main()
