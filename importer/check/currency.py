"""Whether the currency mark that somebody typed beside an amount fits the project's currency."""

from __future__ import annotations

DOLLARS = frozenset({
    "USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "BRL", "CLP", "COP", "ARS", "BSD", "BBD", "BMD", "BND",
    "BZD", "FJD", "GYD", "JMD", "KYD", "LRD", "NAD", "SBD", "SRD", "TTD", "XCD",
})  # fmt: skip
"""Currencies that are written with $: dollars, and the pesos and the real that share the sign."""
SIGNS: dict[str, frozenset[str]] = {
    "$": DOLLARS,
    "US$": frozenset({"USD"}),
    "A$": frozenset({"AUD"}),
    "C$": frozenset({"CAD", "NIO"}),
    "CA$": frozenset({"CAD"}),
    "NZ$": frozenset({"NZD"}),
    "HK$": frozenset({"HKD"}),
    "S$": frozenset({"SGD"}),
    "R$": frozenset({"BRL"}),
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP", "EGP", "FKP", "GIP", "SHP"}),
    "¥": frozenset({"JPY", "CNY"}),
    "₹": frozenset({"INR"}),
    "₩": frozenset({"KRW"}),
    "₪": frozenset({"ILS"}),
    "₺": frozenset({"TRY"}),
    "₽": frozenset({"RUB"}),
    "₴": frozenset({"UAH"}),
    "₫": frozenset({"VND"}),
    "฿": frozenset({"THB"}),
    "₱": frozenset({"PHP"}),
    "zł": frozenset({"PLN"}),
    "kč": frozenset({"CZK"}),
    "ft": frozenset({"HUF"}),
    "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}),
    "fr": frozenset({"CHF"}),
    "sfr": frozenset({"CHF"}),
}
"""Sign → codes that it may stand for."""


def fits(mark: str | None, currency: str | None) -> bool | None:
    """Tell whether a mark such as “$”, “EUR” or “kr.” may mean a currency code.

    None when it cannot be told: no mark, no currency, or a mark that is not known.
    """
    sign, code = (mark or "").strip().rstrip(".").casefold(), (currency or "").strip().upper()
    if not sign or not code:
        return None
    known = {name.casefold(): codes for name, codes in SIGNS.items()}
    if sign in known:
        return code in known[sign]
    is_code = len(sign) == 3 and sign.isascii() and sign.isalpha()  # noqa: PLR2004 - ISO 4217
    return sign.upper() == code if is_code else None
