package oidc

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"infrahub-mcp/internal/auth/oidc/client"
)

// register lets a client make itself known (RFC 7591). All that it says is
// sealed in the id that it gets: nothing is stored.
func (o *Server) register(w http.ResponseWriter, r *http.Request) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		refuse(w, http.StatusBadRequest, "invalid_client_metadata", "The content type must be application/json.")
		return
	}
	metadata, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		refuse(w, unreadable(err), "invalid_client_metadata", "The metadata cannot be read, or is too long.")
		return
	}
	response, err := o.settings.Clients.Register(metadata)
	if err != nil {
		refusal, ok := errors.AsType[*client.RegistrationError](err)
		if !ok {
			o.settings.Logger.ErrorContext(r.Context(), "a client could not be registered", "error", err)
			refuse(w, http.StatusInternalServerError, "server_error", "The server failed.")
			return
		}
		refuse(w, http.StatusBadRequest, refusal.Code, refusal.Description)
		return
	}
	reply(w, http.StatusCreated, response)
}
