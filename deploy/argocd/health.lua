-- The health of an object of posture.dev, as its conditions tell it.
local function condition(name)
  local status = obj.status or {}
  for _, each in ipairs(status.conditions or {}) do
    if each.type == name then
      return each
    end
  end
  return {}
end

local function health(status, message)
  return { status = status, message = message or "" }
end

-- Remediations are made by the operator, and their state is the reason of one condition.
if obj.kind == "Remediation" then
  local complete = condition("Complete")
  if complete.reason == "AwaitingApproval" then
    return health("Suspended", complete.message)
  elseif complete.reason == "Failed" or condition("Stalled").status == "True" then
    return health("Degraded", complete.message)
  elseif complete.status == "True" then
    return health("Healthy", complete.message)
  end
  return health("Progressing", complete.message)
end

if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "The operator has not looked at it yet")
end
local ready = condition("Ready")
if obj.spec.suspend then
  return health("Suspended", ready.message)
elseif condition("Stalled").status == "True" then
  return health("Degraded", ready.message)
elseif ready.status == "True" then
  return health("Healthy", ready.message)
elseif condition("Reconciling").status == "True" then
  return health("Progressing", ready.message)
end
return health("Degraded", ready.message)
