"""Which data a study has on the electricity of countries, and where they come from.

Three providers give the same table: CodeCarbon's bundled one (offline, the default), a user's own
CSV file, and Electricity Maps' API. Whatever they give is checked in `grid`.
"""

from ecosobriety.electricity.providers import known_countries, prepare

__all__ = ["known_countries", "prepare"]
