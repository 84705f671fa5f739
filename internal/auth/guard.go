package auth

import (
	"crypto/sha256"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// guard keeps passwords from being guessed: it allows so many failed logins per
// user and per address. A login under way counts as a failed one until it is
// known not to be, so that many at the same time are no way around. It is safe
// for concurrent use.
type guard struct {
	mu        sync.Mutex
	users     *lru.Cache[[sha256.Size]byte, *budget]
	addresses *lru.Cache[netip.Prefix, *budget]
	// failed are the principals whose failure was counted: who tries a wrong
	// password again, as programs do, learns nothing from it.
	failed *lru.Cache[string, struct{}]
}

// budget is how many logins may still fail.
type budget struct {
	failures *rate.Limiter
	pending  int // logins under way
}

// The failures allowed: at once, and after that one in a time. An address may
// be that of many people behind a gateway. From one address at most that many
// users can log in for the first time at the same moment.
const (
	userFailures     = 5
	userInterval     = 30 * time.Second
	addressFailures  = 50
	addressInterval  = 5 * time.Second
	budgetsKept      = 16_384 // users, and addresses; those without failures for longest are forgotten
	failuresKept     = 16_384 // principals
	pendingInterval  = time.Second
	ipv6PrefixLength = 64 // what one customer has at the least
)

func newGuard() *guard {
	return &guard{
		users:     newLRU[[sha256.Size]byte, *budget](budgetsKept),
		addresses: newLRU[netip.Prefix, *budget](budgetsKept),
		failed:    newLRU[string, struct{}](failuresKept),
	}
}

// check reports whether a login could begin now, nil when it could.
func (g *guard) check(id Identity) *Error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	var wait time.Duration
	if b, ok := g.users.Peek(userKey(id)); ok {
		wait = max(wait, b.wait(now))
	}
	if b, ok := g.addresses.Peek(addressKey(id)); ok {
		wait = max(wait, b.wait(now))
	}
	return exceeded(wait)
}

// begin starts a login. end takes its outcome: whether Infrahub refused the user
// name or the password, or said nothing about them.
func (g *guard) begin(id Identity) (end func(refused bool), fault *Error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	user := budgetOf(g.users, userKey(id), userInterval, userFailures)
	address := budgetOf(g.addresses, addressKey(id), addressInterval, addressFailures)
	now := time.Now()
	if fault := exceeded(max(user.wait(now), address.wait(now))); fault != nil {
		return nil, fault
	}
	user.pending++
	address.pending++
	return func(refused bool) {
		g.mu.Lock()
		defer g.mu.Unlock()
		user.pending--
		address.pending--
		if !refused {
			return
		}
		if counted, _ := g.failed.ContainsOrAdd(id.Principal.Key, struct{}{}); !counted {
			now := time.Now()
			user.failures.AllowN(now, 1)
			address.failures.AllowN(now, 1)
		}
	}, nil
}

// wait returns how long it is until another login may begin, 0 for none.
func (b *budget) wait(now time.Time) time.Duration {
	left := b.failures.TokensAt(now)
	switch {
	case left-float64(b.pending) >= 1:
		return 0
	case left >= 1:
		return pendingInterval // until those under way have ended
	}
	return time.Duration((1 - left) / float64(b.failures.Limit()) * float64(time.Second))
}

// exceeded is the fault of a login that has to wait. It is the same whether the
// user exists or not.
func exceeded(wait time.Duration) *Error {
	if wait <= 0 {
		return nil
	}
	seconds := max(1, math.Ceil(wait.Seconds()))
	return &Error{
		Status:     http.StatusTooManyRequests,
		RetryAfter: time.Duration(seconds) * time.Second,
		Message:    fmt.Sprintf("Too many logins failed. Try again in %.0f seconds, with the right user name and password.", seconds),
	}
}

func budgetOf[K comparable](budgets *lru.Cache[K, *budget], key K, interval time.Duration, burst int) *budget {
	b, ok := budgets.Get(key)
	if !ok {
		b = &budget{failures: rate.NewLimiter(rate.Every(interval), burst)}
		budgets.Add(key, b)
	}
	return b
}

// userKey is a hash only to be short.
func userKey(id Identity) [sha256.Size]byte {
	return sha256.Sum256([]byte(id.Credential.Username))
}

// addressKey is the address, or for IPv6 the network that it is in: whoever has
// one address there has them all. Requests whose address is not known share one
// key.
func addressKey(id Identity) netip.Prefix {
	address := id.Address.Unmap().WithZone("")
	bits := address.BitLen()
	if address.Is6() {
		bits = ipv6PrefixLength
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}

// newLRU returns a cache of at most size entries.
func newLRU[K comparable, V any](size int) *lru.Cache[K, V] {
	cache, err := lru.New[K, V](size)
	if err != nil {
		panic(err) // only for a size below one
	}
	return cache
}
