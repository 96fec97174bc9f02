"""Settings of the service for an account and Region; of them only who may share documents with everybody."""

from datetime import UTC, datetime

import msgspec

from sandbox.securityhub.catalogue import partition_of
from sandbox.services.call import Answer, Call, Places, Refusal
from sandbox.services.ssm.service import SERVICE

_SHARING = "/ssm/documents/console/public-sharing-permission"
_VALUES = ("Enable", "Disable")


class Setting(msgspec.Struct):
    """What is written; None: nothing, and the value is Amazon's own."""

    value: str | None = None


_SETTINGS: Places[Setting] = Places(Setting)


@SERVICE.answers("GetServiceSetting")
def get_service_setting(call: Call) -> Answer:
    """Return the setting."""
    return {"ServiceSetting": _described(call)}


@SERVICE.answers("UpdateServiceSetting")
def update_service_setting(call: Call) -> Answer:
    """Write the setting."""
    setting, value = _setting(call), call.parameters["SettingValue"]
    if value not in _VALUES:
        raise Refusal("ValidationException", f"{value} is not a value of this setting")
    setting.value = value
    return {}


@SERVICE.answers("ResetServiceSetting")
def reset_service_setting(call: Call) -> Answer:
    """Forget what was written."""
    _setting(call).value = None
    return {"ServiceSetting": _described(call)}


def _setting(call: Call) -> Setting:
    if not call.parameters["SettingId"].endswith(_SHARING):
        raise Refusal("ServiceSettingNotFound", f"{call.parameters['SettingId']} is not known")
    return _SETTINGS.of(call)


def _described(call: Call) -> Answer:
    written = _setting(call).value
    return {
        "SettingId": _SHARING,
        "SettingValue": _VALUES[0] if written is None else written,
        "Status": "Default" if written is None else "Customized",
        "LastModifiedDate": datetime.now(UTC),
        "ARN": f"arn:{partition_of(call.region)}:ssm:{call.region}:{call.account}:servicesetting{_SHARING}",
    }
