-- What can be asked of a target, a policy or a rule.
local suspended = obj.spec.suspend == true
return {
  ["sync"] = { ["disabled"] = suspended },
  ["suspend"] = { ["disabled"] = suspended },
  ["resume"] = { ["disabled"] = not suspended },
}
