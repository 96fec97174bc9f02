"""Errors that the API answers with, in the shape of AWS's rest-json protocol."""

from http import HTTPStatus


class ApiError(Exception):
    """An error answer: `code` is AWS's exception name, `status` the HTTP status."""

    def __init__(self, code: str, message: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = int(status)


def invalid_input(message: str) -> ApiError:
    """Return the error for a request that Security Hub would refuse."""
    return ApiError("InvalidInputException", message)


def invalid_access(message: str) -> ApiError:
    """Return the error for an account that has no hub here, or may not ask this."""
    return ApiError("InvalidAccessException", message, HTTPStatus.UNAUTHORIZED)


def not_found(message: str) -> ApiError:
    """Return the error for a named thing that does not exist."""
    return ApiError("ResourceNotFoundException", message, HTTPStatus.NOT_FOUND)


def conflict(message: str) -> ApiError:
    """Return the error for a thing that is already as asked."""
    return ApiError("ResourceConflictException", message, HTTPStatus.CONFLICT)


def access_denied(message: str) -> ApiError:
    """Return IAM's refusal."""
    return ApiError("AccessDeniedException", message, HTTPStatus.FORBIDDEN)


def throttled() -> ApiError:
    """Return Security Hub's throttle."""
    return ApiError("TooManyRequestsException", "Too Many Requests", HTTPStatus.TOO_MANY_REQUESTS)


def expired_credentials() -> ApiError:
    """Return the refusal of a session token that has run out."""
    message = "The security token included in the request is expired"
    return ApiError("ExpiredTokenException", message, HTTPStatus.FORBIDDEN)
