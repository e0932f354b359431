"""Carbon intensities by zone from the API of Electricity Maps, kept as a dated snapshot.

GET /zones tells which zones a token may ask for; GET /carbon-intensity/latest?zone=FR answers with
the latest hour of one zone, in g CO2e/kWh of the electricity consumed there, imports included. The
token goes in the header `auth-token`.
"""

import hashlib
import json
import logging
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pycountry
import requests

from ecosobriety.country_data import web
from ecosobriety.errors import DataError
from ecosobriety.files import open_atomically
from ecosobriety.grid import SHARES, finish_countries

_logger = logging.getLogger(__name__)

_NAME = "Electricity Maps"
_PREFIX = "electricity_maps-"
# Only what we know goes into a snapshot: an answer could hold anything.
_KEPT = ("datetime", "updatedAt", "emissionFactorType", "isEstimated", "estimationMethod")
_NO_DATA = (403, 404)
"""The zone is none of this token's, or has no data."""


@dataclass(frozen=True)
class Service:
    """Where the API is, and how patiently it is asked."""

    url: str = "https://api.electricitymaps.com/v4"
    limit_s: tuple[float, float] = (5.0, 20.0)
    backoff_s: float = 1.0


SERVICE = Service()


def find_snapshot(folder: Path) -> Path | None:
    """The newest snapshot in a folder; None without any."""
    return max(folder.glob(f"{_PREFIX}????-??-??.json"), default=None)


def take_snapshot(
    folder: Path, countries: Iterable[str], token_variable: str, service: Service
) -> Path:
    """Ask for the carbon intensity of every country that the token has access to, and keep it.

    Args:
        folder: where the snapshot is written.
        countries: ISO-3166 alpha-3 codes.
        token_variable: name of the environment variable that holds the token.
        service: the API.

    Returns:
        The snapshot's path, which has today's date (UTC).

    Raises:
        DataError: there is no token, the service refuses it or cannot be reached, it answers in
            another form than its documentation says, or it has none of the countries.
    """
    session = web.open_session(service.backoff_s)
    session.headers["auth-token"] = _read_token(token_variable)
    with session:
        zones = _ask_zones(session, service, token_variable)
        answers = {code: _ask_country(session, service, code, zones) for code in countries}
    known = sum("intensity_g_per_kwh" in answer for answer in answers.values())
    if not known:
        raise DataError(f"{_NAME} has an intensity for none of the countries with this token")
    now = datetime.now(UTC)
    snapshot = {
        "service": service.url,
        "retrieved_at": now.isoformat(timespec="seconds"),
        "countries": answers,
    }
    path = folder / f"{_PREFIX}{now:%Y-%m-%d}.json"
    with open_atomically(path) as file:
        file.write((json.dumps(snapshot, indent=2) + "\n").encode())
    _logger.info("%s: intensities of %d countries, kept in %s", _NAME, known, path)
    return path


def read_snapshot(path: Path, known: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read a snapshot.

    Args:
        path: a file that `take_snapshot` wrote.
        known: columns country_iso3 and country_name of every country of the table.

    Returns:
        What `grid.finish_countries` gives, with a reason in `flag` for every country that has no
        intensity; and retrieved_on (date), first_hour and last_hour (UTC) of the intensities.

    Raises:
        DataError: the file is no such snapshot.
    """
    try:
        snapshot = json.loads(path.read_text(encoding="utf-8"))
        answers, retrieved_at = snapshot["countries"], str(snapshot["retrieved_at"])
        rows = [
            _read_row(code, name, answers.get(code, {"reason": f"not asked of {_NAME}"}))
            for code, name in zip(known["country_iso3"], known["country_name"], strict=True)
        ]
        hours = sorted(
            _read_hour(answer["datetime"])
            for answer in answers.values()
            if "intensity_g_per_kwh" in answer
        )
        times = {
            "retrieved_on": datetime.fromisoformat(retrieved_at).date().isoformat(),
            "first_hour": hours[0].isoformat(),
            "last_hour": hours[-1].isoformat(),
        }
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"{path} is no snapshot of {_NAME} ({error!r}); delete it to ask anew"
        ) from error
    return finish_countries(rows), times


def _read_token(variable: str) -> str:
    token = os.environ.get(variable, "").strip()
    if not token:
        raise DataError(
            f"country_data.provider is electricity_maps, but the environment variable {variable} "
            "(country_data.token_variable) holds no token"
        )
    # requests would repeat a token that is no header in its message.
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise DataError(
            f"the token in the environment variable {variable} holds characters that no token has"
        )
    return token


def _ask_zones(session: requests.Session, service: Service, variable: str) -> Mapping[str, Any]:
    response = web.get(session, f"{service.url}/zones", limit_s=service.limit_s)
    _require_success(response, "the list of zones", variable)
    return _read_object(response, "the list of zones")


def _ask_country(
    session: requests.Session, service: Service, code: str, zones: Mapping[str, Any]
) -> dict[str, Any]:
    """A country's intensity as it is kept, or the reason why there is none."""
    country = pycountry.countries.get(alpha_3=code)
    if country is None:
        return {"reason": f"{code} has no ISO 3166 alpha-2 code, and so no zone"}
    zone = country.alpha_2
    if zone not in zones:
        return {"reason": f"{_NAME} gives this token no zone {zone}"}
    # Without this, an unknown zone is answered with the one where the caller is.
    params = {"zone": zone, "emissionFactorType": "lifecycle", "disableCallerLookup": "true"}
    url = f"{service.url}/carbon-intensity/latest"
    response = web.get(session, url, limit_s=service.limit_s, params=params)
    if response.status_code in _NO_DATA:
        return {"reason": f"{_NAME} has no intensity for the zone {zone} ({response.status_code})"}
    _require_success(response, f"the zone {zone}", None)
    answer = _read_object(response, f"the zone {zone}")
    if answer.get("zone") != zone:
        return {"reason": f"{_NAME} answered for another zone than {zone}"}
    if "carbonIntensity" in answer and answer["carbonIntensity"] is None:
        return {"reason": f"{_NAME} has no intensity for the zone {zone} at present"}
    return {
        "zone": zone,
        "intensity_g_per_kwh": _read_intensity(answer, zone),
        **{name: answer[name] for name in _KEPT if name in answer},
        "response_sha256": hashlib.sha256(response.content).hexdigest(),
    }


def _require_success(response: requests.Response, what: str, variable: str | None) -> None:
    status = response.status_code
    if status == 200:
        return
    if status == 401:
        where = f" in {variable}" if variable else ""
        raise DataError(f"{_NAME} refuses the token{where} for {what} (401)")
    if status in web.RETRIED:
        why = "too many requests" if status == 429 else "its own fault"
        raise DataError(f"{_NAME} answers {status} for {what} ({why}) in {web.ATTEMPTS} attempts")
    raise DataError(f"{_NAME} answers {status} for {what}, where 200 was expected")


def _read_object(response: requests.Response, what: str) -> Mapping[str, Any]:
    try:
        answer = response.json()
    except ValueError as error:
        raise DataError(f"{_NAME} answers for {what} with something else than JSON") from error
    if not isinstance(answer, dict):
        raise DataError(f"{_NAME} answers for {what} with something else than a JSON object")
    return answer


def _read_intensity(answer: Mapping[str, Any], zone: str) -> float:
    value = answer.get("carbonIntensity")
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not (math.isfinite(value) and value >= 0)
    ):
        # Not the text itself: a message must hold nothing that a server can choose.
        shown = str(value) if isinstance(value, float | int) else f"a {type(value).__name__}"
        raise DataError(
            f"{_NAME}: carbonIntensity of the zone {zone} is "
            f"{shown if 'carbonIntensity' in answer else 'absent'}, but must be a number from 0 up"
        )
    if answer.get("emissionFactorType", "lifecycle") != "lifecycle":
        raise DataError(f"{_NAME}: the zone {zone} is not answered with life-cycle factors")
    try:
        _read_hour(answer.get("datetime"))
    except ValueError as error:
        raise DataError(f"{_NAME}: datetime of the zone {zone} is no time in ISO 8601") from error
    return float(value)


def _read_hour(written: object) -> datetime:
    moment = datetime.fromisoformat(str(written))
    if moment.tzinfo is None:
        raise ValueError("it has no time zone")
    return moment.astimezone(UTC)


def _read_row(code: str, name: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    remarks = [answer["reason"]] if "reason" in answer else []
    if answer.get("isEstimated"):
        remarks.append(f"this hour's intensity is estimated by {_NAME}")
    intensity = answer.get("intensity_g_per_kwh")
    return {
        "country_iso3": code,
        "country_name": name,
        "intensity_g_per_kwh": intensity,
        "year": None if intensity is None else _read_hour(answer["datetime"]).year,
        # The API's carbon intensity comes without the mix behind it.
        "low_carbon_share": None,
        **dict.fromkeys(SHARES),
        "remarks": remarks,
    }
