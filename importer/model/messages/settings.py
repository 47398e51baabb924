"""What can be wrong with the settings, the files that they name, and the access token."""

from __future__ import annotations

from importer.model.messages.message import Message, how_to_install

ELSEWHERE = "Put the token into the environment variable KANTATA_TOKEN, or its file's path into KANTATA_TOKEN_FILE."

_SOURCES = {
    "settings.file": Message("{file} cannot be read: {why}.", "Correct that line; texts need quotes."),
    "settings.file:twice": Message("{file} cannot be read: {why}.", "Write each setting and each section only once."),
    "settings.file:absent": Message("The settings file {file} does not exist.", "Check --config or IMPORTER_CONFIG."),
    "settings.file:encoding": Message(
        "{file} cannot be read: it is not saved as UTF-8.", "Save it again, with the encoding UTF-8."
    ),
    "settings.writing": Message(
        "{file} cannot be written: {why}.", "Choose a file of your own with --config, or make room for it."
    ),
    "settings.writing:shape": Message(
        "{file} is laid out in a way that the program cannot change: it was left as it is.",
        "Write these settings into it yourself: {names}; docs/reference/settings.md explains them.",
    ),
    "settings.writing:letters": Message(
        "{file} was left as it is: a header or a word of the sheet holds half a character, which no file can keep.",
        "Type that header or word again in the sheet.",
    ),
    "settings.writing:overruled": Message(
        "The environment variable {variable} overrules what would be written into the settings file.",
        "Take it out of the environment, or write the settings into the variable yourself.",
    ),
    "settings.profile": Message("{file} has no profile “{profile}”{near}", "Add a section [profile.{profile}]."),
    "settings.profile:no_file": Message(
        "There is no importer.toml that could hold the profile “{profile}”.", "Name the file with --config."
    ),
    "settings.profile:value": Message(
        "{file}: a profile is a section such as [profile.test], not a value.",
        "Choose one with --profile or IMPORTER_PROFILE.",
    ),
    "settings.unknown": Message(
        "The setting “{name}” is not known{near}",
        "Correct or delete it in {place}; docs/reference/settings.md lists all settings.",
    ),
    "settings.unknown:variable": Message(
        "The environment variable {variable} is not known; did you mean {near}?", "Rename or unset it."
    ),
    "settings.misplaced": Message(
        "{place}: “{name}” is a setting, but stands below [workspaces] as the name of a project.",
        "Move it above the first section in square brackets, or right below its [profile.NAME].",
    ),
    "preset.unknown": Message("There is no preset “{name}”.", "The presets are {names}."),
    "settings.value": Message("The setting “{name}” is wrong: {why}", "Correct {place}."),
    "settings.value:json": Message(
        "The setting “{name}” is wrong: {variable} is not JSON.",
        "Write {variable}={example}, or put it into importer.toml.",
    ),
    "settings.value:nested": Message(
        "A setting in the environment is wrong: its brackets are nested too deep.",
        "Look at the variables that begin with IMPORTER_ and hold brackets.",
    ),
    "sandbox.missing": Message(
        "The sandbox needs the package {package}, which is not installed.", how_to_install("{package}")
    ),
    "app.missing": Message(
        "The app needs the package {package}, which is not installed.", how_to_install("flask", "waitress")
    ),
    "sandbox.store": Message(
        "{file} is no store of this version of the sandbox.", "Name another file, or delete it to start afresh."
    ),
    "usage:expected_total": Message("--expect-total {why}.", "Type digits with a point for the decimals: 12345.50."),
}

_TRUST = {
    "settings.open:owner": Message(
        "{file} is not used: {place} belongs to another user, who may change the settings.",
        "Copy the file into a folder of your own, and look what it says.",
    ),
    "settings.open:others": Message(
        "{file} is not used: {place} can be changed by every user, and so the settings.",
        "Look what the file says, then run: chmod go-w {place}",
    ),
    "settings.open:group": Message(
        "{file} is not used: {place} can be changed by the users of its group, and so the settings.",
        "Look what the file says, then run: chmod g-w {place}",
    ),
    "settings.trust": Message(
        "{file} sets {names}, and is not trusted as it is now: such a file decides where the access token, the record "
        "of what was billed, and notices go.",
        "Look what it says. If it is yours, run invoice-importer settings --trust in its folder.",
    ),
    "settings.trust:token": Message(
        "The access token was used with {bound} so far, and is not sent to {host}.",
        "Check base_url. If it is right, run invoice-importer settings --trust.",
    ),
    "settings.trust:state": Message("{file} cannot be written: {why}.", "Make its folder writable for you."),
}

_SECRETS = {
    "settings.token:in_file": Message(
        "{file}: {name} does not belong in a settings file.",
        "Put the token into the environment variable KANTATA_TOKEN, or its file into KANTATA_TOKEN_FILE.",
    ),
    "settings.token:notify": Message(
        "{file}: {name} does not belong in a settings file.",
        "Such addresses hold passwords: put them into a file of your own, and its path into notify_file.",
    ),
    "settings.token:prefix": Message(
        "What is given as the token begins with “{word}”; it must be the token and nothing else.",
        "Delete everything before the token itself.",
    ),
    "settings.token:empty": Message("What is given as the token is empty.", "Put the token itself there."),
    "settings.token:characters": Message(
        "The token holds blanks, line ends or characters that no token has.", "Copy it again from Kantata."
    ),
    "settings.token:unreadable": Message("The {what} {path} cannot be read.", "Check {setting}."),
    "settings.token:open": Message("The {what} {path} can be read by others.", "Run: chmod 600 {path}"),
    "settings.keyring": Message(
        "The keyring cannot be used here ({why}).",
        f"Schedulers such as cron run outside the desktop session that unlocks it. {ELSEWHERE}",
    ),
    "settings.keyring:package": Message(
        "The keyring of the operating system needs the package keyring.",
        f"{how_to_install('keyring')} {ELSEWHERE}",
    ),
}

_PROJECT_NAMES = {
    "settings.workspaces": Message(
        "The file of project names {file} is wrong: {why}.",
        'Write one project per line, such as: ACME retainer,101 (in a TOML: [workspaces] "ACME retainer" = 101).',
    ),
    "settings.workspaces:unreadable": Message(
        "The file of project names {file} cannot be read: {why}.", "Check the setting workspace_aliases."
    ),
    "settings.workspaces:name_twice": Message(
        "The name “{name}” stands for two projects in the settings: {first} and {second}.", "Keep one of them."
    ),
}

MESSAGES = {**_SOURCES, **_TRUST, **_SECRETS, **_PROJECT_NAMES}
