"""What can be wrong with the settings, the files that they name, and the access token."""

from __future__ import annotations

from importer.model.messages.message import Message

MESSAGES = {
    "settings.workspaces:name_twice": Message(
        "The name “{name}” stands for two projects in the settings: {first} and {second}.", "Keep one of them."
    ),
    "settings.workspaces:unreadable": Message(
        "The file of project names {file} cannot be read: {why}.", "Check the setting workspace_aliases."
    ),
    "settings.workspaces": Message(
        "The file of project names {file} is wrong: {why}.",
        'Write one project per line, such as: ACME retainer,101 (in a TOML: [workspaces] "ACME retainer" = 101).',
    ),
}
