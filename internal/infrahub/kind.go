package infrahub

import (
	"net/http"
	"strings"
)

// Kind is a sort of fault. It is an error itself only so that
// errors.Is(err, infrahub.NodeNotFound) can be asked.
type Kind int

// The sorts of faults.
const (
	// Unclassified is a fault of which only the message tells what it is.
	Unclassified Kind = iota
	// Canceled: the caller gave up.
	Canceled
	// Unreachable: no connection (refused, DNS, TLS, proxy), a connection that
	// broke before an answer, or a gateway that has no Infrahub behind it.
	Unreachable
	// Timeout: no answer in time.
	Timeout
	// Redirected: the address leads elsewhere, where credentials do not follow.
	Redirected
	// Unauthenticated: the credential is missing or not accepted.
	Unauthenticated
	// TokenExpired: the credential was good once.
	TokenExpired
	// Forbidden: a permission is missing.
	Forbidden
	// NodeNotFound: no node with that id or hfid.
	NodeNotFound
	// BranchNotFound: no branch of that name.
	BranchNotFound
	// BranchClosed: the branch was merged and takes no more changes.
	BranchClosed
	// BranchNeedsRebase: the branch takes changes only after a rebase.
	BranchNeedsRebase
	// MergeInProgress: a merge blocks changes; it passes.
	MergeInProgress
	// MergeRecoveryRequired: a failed merge blocks changes until an
	// administrator has repaired it.
	MergeRecoveryRequired
	// KindNotFound: the schema has no such kind.
	KindNotFound
	// NotFound: the server has no such path, file, query or other thing.
	NotFound
	// Invalid: a value breaks a rule (type, constraint, mandatory, uniqueness),
	// or the operation is not possible as things are.
	Invalid
	// QueryInvalid: the GraphQL query does not fit the schema.
	QueryInvalid
	// Overloaded: the server answered 429, or the request waited in vain for its
	// turn to be sent; see RetryAfter.
	Overloaded
	// TooLarge: the answer is larger than this package reads.
	TooLarge
	// ServerFault: the server failed, or its answer cannot be read.
	ServerFault
)

// String names the sort in plain words.
func (k Kind) String() string {
	switch k {
	case Canceled:
		return "canceled"
	case Unreachable:
		return "unreachable"
	case Timeout:
		return "timeout"
	case Redirected:
		return "redirected"
	case Unauthenticated:
		return "unauthenticated"
	case TokenExpired:
		return "token expired"
	case Forbidden:
		return "forbidden"
	case NodeNotFound:
		return "node not found"
	case BranchNotFound:
		return "branch not found"
	case BranchClosed:
		return "branch closed"
	case BranchNeedsRebase:
		return "branch needs rebase"
	case MergeInProgress:
		return "merge in progress"
	case MergeRecoveryRequired:
		return "merge recovery required"
	case KindNotFound:
		return "kind not found"
	case NotFound:
		return "not found"
	case Invalid:
		return "invalid"
	case QueryInvalid:
		return "query invalid"
	case Overloaded:
		return "overloaded"
	case TooLarge:
		return "too large"
	case ServerFault:
		return "server fault"
	}
	return "unclassified"
}

// Error is the same as String.
func (k Kind) Error() string { return k.String() }

// kind says what sort of fault it is. httpStatus is that of the answer;
// unexecuted says that it carried no data and so may be about the query itself.
func (f Fault) kind(httpStatus int, unexecuted bool) Kind {
	if kind := kindOfCode(f.Code); kind != Unclassified {
		return kind
	}
	status := httpStatus
	if httpStatus == http.StatusOK {
		status = f.Status
	}
	// The text says more than these statuses, which faults of many sorts share.
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
	default:
		// What graphql-core finds before it runs a query has a place in the
		// text but none in the answer. Infrahub gives it no code of its own.
		aboutQuery := unexecuted && httpStatus == http.StatusOK && len(f.Path) == 0
		if aboutQuery && len(f.Locations) > 0 {
			return QueryInvalid
		}
		if kind := kindOfText(f.Message); kind != Unclassified {
			return kind
		}
		if aboutQuery && (status == 0 || status == http.StatusInternalServerError) {
			return QueryInvalid
		}
		// A resolver that raised something unforeseen, often over a bad value:
		// the server itself works.
		if httpStatus == http.StatusOK && status >= http.StatusInternalServerError {
			return Unclassified
		}
	}
	if status == http.StatusUnauthorized && strings.Contains(f.Message, "Expired Signature") {
		return TokenExpired
	}
	return kindOfStatus(status)
}

// kindOfCode maps the catalogue of Infrahub 1.10 and later.
func kindOfCode(code string) Kind {
	switch code {
	case "NODE_NOT_FOUND":
		return NodeNotFound
	case "AUTHENTICATION_REQUIRED":
		return Unauthenticated
	case "TOKEN_EXPIRED":
		return TokenExpired
	case "PERMISSION_DENIED":
		return Forbidden
	case "ATTRIBUTE_REQUIRED", "ATTRIBUTE_INVALID_TYPE", "ATTRIBUTE_CONSTRAINT_VIOLATION":
		return Invalid
	case "BRANCH_NOT_FOUND":
		return BranchNotFound
	case "SCHEMA_NOT_FOUND":
		return KindNotFound
	case "BRANCH_ALREADY_MERGED":
		return BranchClosed
	case "BRANCH_NEEDS_REBASE":
		return BranchNeedsRebase
	case "MERGE_IN_PROGRESS":
		return MergeInProgress
	case "MERGE_RECOVERY_REQUIRED":
		return MergeRecoveryRequired
	}
	return Unclassified
}

// kindOfStatus maps the status of an answer, or the one a fault carries.
func kindOfStatus(status int) Kind {
	switch status {
	case http.StatusUnauthorized:
		return Unauthenticated
	case http.StatusForbidden:
		return Forbidden
	case http.StatusNotFound:
		return NotFound
	case http.StatusLocked:
		return MergeInProgress
	case http.StatusTooManyRequests:
		return Overloaded
	}
	switch {
	case status >= 500:
		return ServerFault
	case status >= 400:
		return Invalid
	}
	return Unclassified
}

// kindOfText recognizes faults by their wording: the only way on servers before
// 1.10, in REST answers, and for what the catalogue calls UNDEFINED_ERROR.
func kindOfText(message string) Kind {
	has := func(part string) bool { return strings.Contains(message, part) }
	switch {
	case strings.HasPrefix(message, "Branch: ") && has(" not found"):
		return BranchNotFound
	case has("has been merged"), has("has already been merged"):
		return BranchClosed
	case has("is being merged and is read-only"), has("A merge is currently in progress"):
		return MergeInProgress
	case has("A previous merge failed"):
		return MergeRecoveryRequired
	case has("must be rebased before"):
		return BranchNeedsRebase
	case has("Unable to find the node"), strings.HasPrefix(message, "Source node not found"),
		strings.HasPrefix(message, "Destination node not found"):
		return NodeNotFound
	case has("Unable to find the schema"), strings.HasPrefix(message, "Unknown target kind"):
		return KindNotFound
	case has("Expired Signature"):
		return TokenExpired
	case strings.HasPrefix(message, "Authentication is required"), strings.HasPrefix(message, "Invalid token"):
		return Unauthenticated
	case strings.HasPrefix(message, "You are not allowed to "), strings.HasPrefix(message, "You are not authorized"),
		strings.HasPrefix(message, "You do not have "), has("requires authentication with a JWT token"):
		return Forbidden
	case strings.HasPrefix(message, "Syntax Error"), strings.HasPrefix(message, "Cannot query field"),
		strings.HasPrefix(message, "Unknown argument"):
		return QueryInvalid
	case has("Violates uniqueness constraint"), has(" is mandatory for "), has(" must be one of "),
		has("must conform with the regex"), has("is not a valid "), has("Too few relationships"), has("Too many relationships"),
		has("It is linked to mandatory relationship"), has("A value must be provided for"), has("already exists"),
		strings.HasPrefix(message, "The pool "):
		return Invalid
	}
	return Unclassified
}
