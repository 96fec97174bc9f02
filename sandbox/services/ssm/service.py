"""What the modules of SSM register their calls with."""

from sandbox.services.call import Service

SERVICE = Service("ssm")
