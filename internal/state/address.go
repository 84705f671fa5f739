package state

import (
	"errors"
	"net/url"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// newClient reads an address. The reasons of the library's parsers may quote the
// password, so they are not passed on.
func newClient(address string) (*redis.Client, error) {
	fault := errors.New("the address of Redis or Valkey has to be like redis://user:password@host:6379/0, rediss:// for TLS, or unix:///path")
	u, err := url.Parse(address)
	if err != nil {
		return nil, fault
	}
	switch u.Scheme {
	case "valkey":
		u.Scheme = "redis"
	case "valkeys":
		u.Scheme = "rediss"
	}
	if u.Query().Has("master_name") {
		options, err := redis.ParseFailoverURL(u.String())
		if err != nil {
			return nil, fault
		}
		options.ContextTimeoutEnabled = true
		options.DialerRetries = 1
		options.DisableIdentity = true
		if options.MaxRetries == 0 { // not in the address
			options.MaxRetries = 1
		}
		return redis.NewFailoverClient(options), nil
	}
	options, err := redis.ParseURL(u.String())
	if err != nil {
		return nil, fault
	}
	// Whoever waits for an answer would rather hear soon that there is none.
	options.ContextTimeoutEnabled = true
	options.DialerRetries = 1
	if options.MaxRetries == 0 {
		options.MaxRetries = 1
	}
	// Neither is known to all servers, and neither is of use here.
	options.DisableIdentity = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewClient(options), nil
}
