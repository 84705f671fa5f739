package auth

import (
	"errors"
	"net/http"
)

// Require lets requests through that a authenticates, whatever their method,
// with their [Identity] in the context, and answers the others. A preflight
// request of CORS never carries a credential: answer those before.
func Require(a Authenticator, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := a.Authenticate(r)
		if err != nil {
			refusal, ok := errors.AsType[*Error](err)
			if !ok {
				// Its text is not known to be free of the credential.
				refusal = &Error{Status: http.StatusInternalServerError, Message: "The credential could not be checked. Try again later."}
			}
			refusal.write(w)
			return
		}
		next.ServeHTTP(w, r.WithContext(WithIdentity(r.Context(), id)))
	})
}
