"""Carbon intensities by zone from the API of Electricity Maps, kept as a dated snapshot.

GET /zones lists the zones of a token; GET /carbon-intensity/latest?zone=FR answers with
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
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pycountry
import requests

from ecosobriety.electricity import web
from ecosobriety.electricity.codecarbon_table import load_countries
from ecosobriety.electricity.countries import PLAUSIBLE_MIX, SHARES, finish_countries
from ecosobriety.electricity.provider import Provided, Provider, Settings, facts
from ecosobriety.errors import DataError, shorten
from ecosobriety.files import UnreadableError, open_atomically, read_text
from ecosobriety.reasons import reason

_logger = logging.getLogger(__name__)

_NAME = "Electricity Maps"
_PREFIX = "electricity_maps-"
# Only what we know goes into a snapshot: an answer could hold anything.
_METHOD = re.compile(r"[A-Z0-9_]{1,60}")
_SANDBOX = re.compile(r"sandbox|random|fake|dummy", re.IGNORECASE)
_OLD_FROM = timedelta(days=2)
_FUTURE_FROM = timedelta(hours=2)
_ENDLESS = 10**300
_MAX_SNAPSHOT_BYTES = 16 * 2**20
_NO_DATA = (403, 404)
"""The zone is none of this token's, or has no data."""


@dataclass(frozen=True)
class Service:
    """Where the API is, and how patiently it is asked."""

    url: str = "https://api.electricitymaps.com/v4"
    limits: web.Limits = field(default_factory=web.Limits)
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
    token = _read_token(token_variable)
    session.headers["auth-token"] = token
    with session, web.kept_from_logs(token):
        zones = _ask_zones(session, service, token_variable)
        answers = {code: _ask_country(session, service, code, zones) for code in countries}
    known = sum("intensity_g_per_kwh" in answer for answer in answers.values())
    if not known:
        raise DataError(reason("no_country"))
    now = datetime.now(UTC)
    snapshot = {
        "service": service.url,
        "retrieved_at": now.isoformat(timespec="seconds"),
        "countries": answers,
    }
    text = json.dumps(snapshot, indent=2) + "\n"
    if token in text:
        raise DataError(reason("token_echoed"))
    path = folder / f"{_PREFIX}{now:%Y-%m-%d}.json"
    with open_atomically(path) as file:
        file.write(text.encode())
    _logger.info("%s: intensities of %d countries, kept in %s", _NAME, known, path)
    return path


def read_snapshot(path: Path, known: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read a snapshot.

    Args:
        path: a file that `take_snapshot` wrote.
        known: columns country_iso3 and country_name of every country of the table.

    Returns:
        What `countries.finish_countries` gives, with a reason in `flag` for every country without
        intensity; and retrieved_on (date), first_hour and last_hour (UTC) of the intensities.

    Raises:
        DataError: the file is no such snapshot.
    """
    try:
        snapshot = web.parse(read_text(path, _MAX_SNAPSHOT_BYTES).encode())
        answers, retrieved = snapshot["countries"], _read_hour(snapshot["retrieved_at"])
        rows = [
            _read_row(code, name, answers.get(code, {"reason": reason("not_asked")}), retrieved)
            for code, name in zip(known["country_iso3"], known["country_name"], strict=True)
        ]
        hours = sorted(
            _read_hour(answer["datetime"])
            for answer in answers.values()
            if "intensity_g_per_kwh" in answer
        )
        times = {
            "retrieved_on": retrieved.date().isoformat(),
            "first_hour": hours[0].isoformat(),
            "last_hour": hours[-1].isoformat(),
        }
    except (
        *(KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError),
        UnreadableError,
    ) as error:
        raise DataError(reason("damaged", path=path, error=shorten(repr(error)))) from error
    return finish_countries(rows), times


def _read_token(variable: str) -> str:
    token = os.environ.get(variable, "").strip()
    if not token:
        raise DataError(reason("no_token", variable=variable))
    # requests would repeat a token that is no header in its message.
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise DataError(reason("odd_token", variable=variable))
    return token


def _ask_zones(session: requests.Session, service: Service, variable: str) -> Mapping[str, Any]:
    response = web.get(session, f"{service.url}/zones", limits=service.limits)
    _require_success(response, reason("zones"), variable)
    return _read_object(response, reason("zones"))


def _ask_country(
    session: requests.Session, service: Service, code: str, zones: Mapping[str, Any]
) -> dict[str, Any]:
    """A country's intensity as it is kept, or the reason why there is none."""
    country = pycountry.countries.get(alpha_3=code)
    if country is None:
        return {"reason": reason("no_zone", country=code)}
    zone = country.alpha_2
    if zone not in zones:
        return {"reason": reason("zone_denied", zone=zone)}
    # Without this, an unknown zone is answered with the one where the caller is.
    params = {"zone": zone, "emissionFactorType": "lifecycle", "disableCallerLookup": "true"}
    url = f"{service.url}/carbon-intensity/latest"
    response = web.get(session, url, limits=service.limits, params=params)
    if response.status in _NO_DATA:
        return {"reason": reason("zone_empty", zone=zone, status=response.status)}
    _require_success(response, reason("zone", zone=zone), None)
    answer = _read_object(response, reason("zone", zone=zone))
    if answer.get("zone") != zone:
        return {"reason": reason("other_zone", zone=zone)}
    if "carbonIntensity" in answer and answer["carbonIntensity"] is None:
        return {"reason": reason("zone_empty_now", zone=zone)}
    _refuse_sandbox(answer, zone)
    intensity = _read_intensity(answer, zone)
    low, high = PLAUSIBLE_MIX
    if intensity and not low <= intensity <= high:
        values = {"intensity": f"{intensity:g}", "low": f"{low:g}", "high": f"{high:g}"}
        return {"reason": reason("zone_impossible", zone=zone, **values)}
    hour = _read_time(answer, "datetime", zone)
    if hour is None or hour > datetime.now(UTC) + _FUTURE_FROM:
        raise DataError(reason("future", zone=zone))
    updated, method = _read_time(answer, "updatedAt", zone), answer.get("estimationMethod")
    estimated = answer.get("isEstimated")
    if estimated is not None and not isinstance(estimated, bool):
        raise DataError(reason("odd_estimated", zone=zone))
    known_method = isinstance(method, str) and _METHOD.fullmatch(method)
    return {
        "zone": zone,
        "intensity_g_per_kwh": intensity,
        "datetime": hour.isoformat(),
        "updatedAt": None if updated is None else updated.isoformat(),
        "emissionFactorType": answer.get("emissionFactorType"),
        "isEstimated": estimated,
        "estimationMethod": method if known_method else None,
        "response_sha256": hashlib.sha256(response.content).hexdigest(),
    }


def _refuse_sandbox(answer: Mapping[str, Any], zone: str) -> None:
    """Refuse an answer that says of itself that its numbers are none."""
    for name, value in answer.items():
        disclaims = "disclaimer" in name.casefold() and value
        if disclaims or (isinstance(value, str) and _SANDBOX.search(value)):
            raise DataError(reason("sandbox", zone=zone))


def _read_time(answer: Mapping[str, Any], name: str, zone: str) -> datetime | None:
    written = answer.get(name)
    try:
        return None if written is None else _read_hour(written)
    except (ValueError, OverflowError) as error:
        raise DataError(reason("odd_time", name=name, zone=zone)) from error


def _require_success(response: web.Answer, what: str, variable: str | None) -> None:
    status = response.status
    if status == 200:
        return
    if status == 401:
        id_ = "token_refused_in" if variable else "token_refused"
        raise DataError(reason(id_, variable=variable, what=what))
    if status in web.RETRIED:
        id_ = "too_many" if status == 429 else "server_fault"
        raise DataError(reason(id_, status=status, what=what, attempts=web.ATTEMPTS))
    raise DataError(reason("odd_status", status=status, what=what))


def _read_object(response: web.Answer, what: str) -> Mapping[str, Any]:
    try:
        answer = web.parse(response.content)
    except ValueError as error:
        raise DataError(reason("no_json", what=what)) from error
    if not isinstance(answer, dict):
        raise DataError(reason("no_object", what=what))
    return answer


def _read_intensity(answer: Mapping[str, Any], zone: str) -> float:
    value = answer.get("carbonIntensity")
    number = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        # A whole number may be longer than any float.
        number = math.inf if abs(value) > _ENDLESS else float(value)
    if not (math.isfinite(number) and number >= 0):
        # Not the text itself: a message must hold nothing that a server can choose.
        shown = f"{number:g}" if isinstance(value, float | int) else f"a {type(value).__name__}"
        shown = shown if "carbonIntensity" in answer else "absent"
        raise DataError(reason("odd_intensity", zone=zone, shown=shown))
    if answer.get("emissionFactorType", "lifecycle") != "lifecycle":
        raise DataError(reason("not_lifecycle", zone=zone))
    return number


def _read_hour(written: object) -> datetime:
    moment = datetime.fromisoformat(str(written))
    if moment.tzinfo is None:
        raise ValueError("it has no time zone")
    return moment.astimezone(UTC)


def _read_row(
    code: str, name: str, answer: Mapping[str, Any], retrieved: datetime
) -> dict[str, Any]:
    remarks = [answer["reason"]] if "reason" in answer else []
    if answer.get("isEstimated"):
        remarks.append(reason("hour_estimated"))
    intensity = answer.get("intensity_g_per_kwh")
    if intensity is not None:
        low, high = 0.0, PLAUSIBLE_MIX[1]
        number = isinstance(intensity, int | float) and not isinstance(intensity, bool)
        if not number or not low <= intensity <= high:
            raise ValueError(f"an intensity of {code} that cannot be")
        age = retrieved - _read_hour(answer["datetime"])
        if age > _OLD_FROM:
            hour = _read_hour(answer["datetime"])
            remarks.append(reason("hour_old", day=f"{hour:%Y-%m-%d}", days=age.days))
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


def provide(settings: Settings, snapshots: Path, service: Service = SERVICE) -> Provided:
    """The newest snapshot of a folder, or else one that is taken now."""
    path, known = find_snapshot(snapshots), load_countries()
    if path is None:
        path = take_snapshot(snapshots, known["country_iso3"], settings["token_variable"], service)
    countries, times = read_snapshot(path, known[["country_iso3", "country_name"]])
    return countries, {**facts(_NAME, str(path), path), **times}


PROVIDER = Provider("electricity_maps", provide, may_fall_back=True)
