"""``python -m tensorgrad`` is the command ``tensorgrad``."""

from .cli import main

raise SystemExit(main())
