// Package config reads every setting of the program: from the command line,
// the environment and a .env file, in this order.
//
// The struct Config is the only source of a setting's name, default, meaning
// and limits; what is read, refused, shown in the help text and written to the
// reference page all follows from its tags:
//
//	envconfig  the environment variable
//	flag       the flag that overrides it, without dashes
//	default    what holds when it is not set; none is the zero value
//	desc       what it means, for people
//	required   true when nothing works without it
//	min, max   limits of a number, in its unit
//	unit       what a number counts; a time.Duration has "s" or "ms"
//	oneof      the allowed words, separated by commas
//	format     the rule of a text, see formatOf
//	secret     true when its value is never shown; the variable of the same name
//	           with _FILE behind it may then name a file with the value
//	lines      true when that file may hold several, one on a line
//	verbatim   true when blanks around the value belong to it
//	envfile    set when a .env file may supply it; the settings with the value
//	           "credential" are taken from there together or not at all
//	empty      what an empty value means; without it, empty is not set
//	with       the switch without which the variable is not read at all
package config

import (
	"net/url"
	"strings"
	"time"
)

// Config holds every setting, checked and ready for use.
type Config struct {
	Infrahub  Infrahub  `group:"Connection to Infrahub"`
	Server    Server    `group:"Server"`
	Tools     Tools     `group:"Tools and answers"`
	Logging   Logging   `group:"Logging"`
	Limits    Limits    `group:"Limits, retries and caches"`
	Branch    Branch    `group:"Session branch"`
	Writes    Writes    `group:"Writing"`
	Auth      Auth      `group:"Authentication"`
	Telemetry Telemetry `group:"Metrics and traces"`
	Tracing   Tracing   `group:"Export of traces"`

	// SecretFiles are the files that secret settings were read from.
	SecretFiles []SecretFile
}

// Infrahub says where Infrahub is and how to speak to it. The names are those
// of Infrahub's Python SDK.
type Infrahub struct {
	Address                string        `envconfig:"INFRAHUB_ADDRESS" required:"true" envfile:"alone" format:"address" desc:"Where Infrahub answers, for example http://localhost:8000. A path is kept, a slash at the end is ignored."`
	APIToken               Secret        `envconfig:"INFRAHUB_API_TOKEN" secret:"true" envfile:"credential" format:"token" desc:"API token of the account this server acts as. Required, unless user name and password are set."`
	Username               string        `envconfig:"INFRAHUB_USERNAME" envfile:"credential" desc:"User name of that account. The server logs in with it and INFRAHUB_PASSWORD."`
	Password               Secret        `envconfig:"INFRAHUB_PASSWORD" secret:"true" envfile:"credential" verbatim:"true" desc:"Password of INFRAHUB_USERNAME, taken as it is, blanks included."`
	DefaultBranch          string        `envconfig:"INFRAHUB_DEFAULT_BRANCH" format:"branch" desc:"Branch that is read when none is asked for. Not set: the one that Infrahub itself calls its default."`
	Timeout                time.Duration `envconfig:"INFRAHUB_TIMEOUT" default:"60" unit:"s" min:"0.1" max:"86400" desc:"Time limit of one request to Infrahub."`
	Priority               string        `envconfig:"INFRAHUB_PRIORITY" oneof:"high,medium,low" desc:"Sent as X-Priority, which Infrahub heeds when it is overloaded. Not set: no such header."`
	Proxy                  Secret        `envconfig:"INFRAHUB_PROXY" secret:"true" format:"proxy" desc:"Proxy for every request to Infrahub. When no proxy is set here, HTTP_PROXY, HTTPS_PROXY and NO_PROXY decide."`
	ProxyMountsHTTP        Secret        `envconfig:"INFRAHUB_PROXY_MOUNTS_HTTP" secret:"true" format:"proxy" desc:"Proxy when the address is http. Not together with INFRAHUB_PROXY."`
	ProxyMountsHTTPS       Secret        `envconfig:"INFRAHUB_PROXY_MOUNTS_HTTPS" secret:"true" format:"proxy" desc:"Proxy when the address is https. Not together with INFRAHUB_PROXY."`
	TLSInsecure            bool          `envconfig:"INFRAHUB_TLS_INSECURE" default:"false" desc:"Accept any certificate of Infrahub. For trials only: whoever sits in between can read and change everything."`
	TLSCAFile              string        `envconfig:"INFRAHUB_TLS_CA_FILE" format:"certificates" desc:"Certificates that vouch for Infrahub, beside those of the system."`
	PaginationSize         int           `envconfig:"INFRAHUB_PAGINATION_SIZE" default:"50" unit:"nodes" min:"1" max:"1000" desc:"Nodes in one request to Infrahub when all are asked for."`
	MaxConcurrentExecution int           `envconfig:"INFRAHUB_MAX_CONCURRENT_EXECUTION" default:"5" unit:"requests" min:"1" max:"1000" desc:"Requests to Infrahub that this process has under way at a time, for all callers together. More wait for their turn, in which principals alternate, or sessions in mode none."`
	RetryOnFailure         bool          `envconfig:"INFRAHUB_RETRY_ON_FAILURE" default:"false" desc:"Repeat reads that failed for a passing reason, up to three times. INFRAHUB_MCP_RETRY_MAX_ATTEMPTS goes before it."`
	RetryDelay             time.Duration `envconfig:"INFRAHUB_RETRY_DELAY" default:"5" unit:"s" min:"0.001" max:"3600" desc:"Wait before the first repetition that INFRAHUB_RETRY_ON_FAILURE asks for. It doubles with each, up to 30 seconds."`
	RateLimitRetryEnabled  bool          `envconfig:"INFRAHUB_RATE_LIMIT_RETRY_ENABLED" default:"true" desc:"Repeat a request that Infrahub put off with HTTP 429, after the time it names."`
	RateLimitMaxRetries    int           `envconfig:"INFRAHUB_RATE_LIMIT_MAX_RETRIES" default:"10" unit:"repetitions" min:"0" max:"1000" desc:"How often one request is repeated after HTTP 429."`
	RateLimitBackoffBase   time.Duration `envconfig:"INFRAHUB_RATE_LIMIT_BACKOFF_BASE" default:"0.5" unit:"s" min:"0.001" max:"3600" desc:"First wait after HTTP 429 when Infrahub names no time; doubled each time."`
	RateLimitBackoffMax    time.Duration `envconfig:"INFRAHUB_RATE_LIMIT_BACKOFF_MAX" default:"60" unit:"s" min:"0.001" max:"3600" desc:"Longest single wait after HTTP 429, also when Infrahub names a longer one."`
}

// Server says how clients reach this program.
type Server struct {
	Transport       string        `flag:"transport" default:"stdio" oneof:"stdio,streamable-http" desc:"How clients speak to this server: over standard input and output, or over HTTP at /mcp."`
	Host            string        `envconfig:"MCP_HOST" flag:"host" default:"127.0.0.1" format:"host" desc:"Address to listen on over HTTP; 0.0.0.0 or :: is every interface."`
	Port            int           `envconfig:"MCP_PORT" flag:"port" default:"8001" min:"0" max:"65535" desc:"Port to listen on over HTTP; 0 takes any free one and the log says which."`
	Path            string        `envconfig:"INFRAHUB_MCP_PATH" default:"/mcp" format:"url-path" desc:"Path of MCP over HTTP."`
	EnvFile         string        `envconfig:"INFRAHUB_MCP_ENV_FILE" default:".env" format:"path" empty:"no file is read" desc:"File that may supply the address and the credential of Infrahub, see below."`
	AllowedHosts    []string      `envconfig:"INFRAHUB_MCP_ALLOWED_HOSTS" format:"hosts" desc:"Names by which clients may reach the server, with or without a port; *.example.com is every name below, * any. Not set: names of this machine alone when it listens on loopback, else any."`
	AllowedOrigins  []string      `envconfig:"INFRAHUB_MCP_ALLOWED_ORIGINS" format:"origins" desc:"Origins of web pages that may use the server, such as https://example.com or https://*.example.com, beside its own; CORS is answered to these alone."`
	TrustedProxies  []string      `envconfig:"INFRAHUB_MCP_TRUSTED_PROXIES" format:"networks" desc:"Networks of the proxies before this server: only from these does it believe Forwarded and X-Forwarded-For, which say where a request came from."`
	TLSCertFile     string        `envconfig:"INFRAHUB_MCP_TLS_CERT_FILE" format:"path" desc:"Certificate of this server in PEM format, with those that vouch for it. It is read again when the file changes."`
	TLSKeyFile      string        `envconfig:"INFRAHUB_MCP_TLS_KEY_FILE" format:"path" desc:"Key of the certificate in PEM format."`
	SessionTTL      time.Duration `envconfig:"INFRAHUB_MCP_SESSION_TTL" default:"86400" unit:"s" min:"60" max:"2592000" desc:"How long a session over HTTP may last."`
	MaxConnections  int           `envconfig:"INFRAHUB_MCP_MAX_CONNECTIONS" default:"10000" unit:"connections" min:"0" max:"1000000" desc:"Connections at a time; more are closed. 0 is no limit."`
	MaxStreams      int           `envconfig:"INFRAHUB_MCP_MAX_STREAMS" default:"10000" unit:"streams" min:"0" max:"1000000" desc:"Requests of MCP that are open at a time, such as streams that wait for news; half of them for one address. 0 is no limit."`
	ShutdownTimeout time.Duration `envconfig:"INFRAHUB_MCP_SHUTDOWN_TIMEOUT" default:"30" unit:"s" min:"0" max:"3600" desc:"Time that calls in progress have when the server is told to end; then they are cancelled, and writes under way have ten seconds more."`
	ShutdownDelay   time.Duration `envconfig:"INFRAHUB_MCP_SHUTDOWN_DELAY" default:"0" unit:"s" min:"0" max:"300" desc:"How long a server over HTTP that is told to end goes on as before, but for /health/ready, so that what sends it requests notices."`
	PingInterval    time.Duration `envconfig:"INFRAHUB_MCP_PING_INTERVAL_MS" default:"0" unit:"ms" min:"0" max:"300000" desc:"Pause between the pings that keep an HTTP session alive; 0 sends none."`
}

// Tools are the operator's decisions on what tools may do and answer.
type Tools struct {
	ReadOnly           bool `envconfig:"INFRAHUB_MCP_READ_ONLY" default:"false" desc:"Offer no tool that writes and refuse every mutation."`
	MaxResponseBytes   int  `envconfig:"INFRAHUB_MCP_MAX_RESPONSE_BYTES" default:"500000" unit:"bytes" min:"10000" max:"20000000" desc:"Largest answer of a tool. A longer list is cut at a row, anything else is refused with advice."`
	RevealSecrets      bool `envconfig:"INFRAHUB_MCP_REVEAL_SECRETS" default:"false" desc:"Show the values of Password and HashedPassword attributes, which Infrahub hands out in clear text, instead of masking them."`
	SchemaExpandPeers  bool `envconfig:"INFRAHUB_MCP_SCHEMA_EXPAND_PEERS" default:"true" desc:"Default of the argument expand of get_schema: add the kinds one relationship away."`
	DereferenceSchemas bool `envconfig:"INFRAHUB_MCP_DEREFERENCE_SCHEMAS" default:"false" desc:"Write tool schemas without $ref. They never hold one, so both values give the same."`
}

// Logging says what goes to standard error.
type Logging struct {
	Level  string `envconfig:"INFRAHUB_MCP_LOG_LEVEL" default:"info" oneof:"debug,info,warning,error" desc:"Least important lines that are written to standard error."`
	Format string `envconfig:"INFRAHUB_MCP_LOG_FORMAT" default:"auto" oneof:"auto,text,json" desc:"How lines are written: text is key=value, json one object a line. auto: text when standard error is a terminal, else json."`
}

// Limits bound what clients may ask for and how often Infrahub is asked again.
type Limits struct {
	RetryMaxAttempts int           `envconfig:"INFRAHUB_MCP_RETRY_MAX_ATTEMPTS" default:"0" unit:"repetitions" min:"0" max:"100" desc:"How often a read that failed for a passing reason, such as a lost connection or HTTP 502, 503 or 504, is repeated within the time of its call; 0 leaves it to INFRAHUB_RETRY_ON_FAILURE."`
	RetryBaseDelay   time.Duration `envconfig:"INFRAHUB_MCP_RETRY_BASE_DELAY" default:"1" unit:"s" min:"0.001" max:"3600" desc:"Wait before the first of these repetitions. It doubles with each, up to 30 seconds."`
	QueueTimeout     time.Duration `envconfig:"INFRAHUB_MCP_QUEUE_TIMEOUT" default:"30" unit:"s" min:"0.1" max:"3600" desc:"How long a request to Infrahub may wait for its turn, see INFRAHUB_MAX_CONCURRENT_EXECUTION. Then its caller is told to come again."`
	BreakerFailures  int           `envconfig:"INFRAHUB_MCP_BREAKER_FAILURES" default:"10" unit:"requests" min:"0" max:"1000" desc:"Requests in a row that find no answer, after which Infrahub is left alone for a while; 0 asks it always."`
	BreakerPause     time.Duration `envconfig:"INFRAHUB_MCP_BREAKER_PAUSE" default:"2" unit:"s" min:"0.1" max:"3600" desc:"How long it is left alone. Callers are told so at once. Then one request is sent to see whether it answers."`
	MaxRequests      int           `envconfig:"INFRAHUB_MCP_MAX_REQUESTS" default:"1000" unit:"requests" min:"0" max:"1000000" desc:"Requests of MCP over HTTP that are worked on at a time, streams that wait for news not counted; half of them for one principal. More are answered with HTTP 503. 0 is no limit."`
	RateLimitRPS     float64       `envconfig:"INFRAHUB_MCP_RATE_LIMIT_RPS" default:"0" min:"0" max:"10000" desc:"Requests a second that a client may send in the long run; 0 is no limit."`
	RateLimitBurst   int           `envconfig:"INFRAHUB_MCP_RATE_LIMIT_BURST" default:"0" unit:"requests" min:"0" max:"10000" desc:"Requests that may come at once; 0 is twice the rate."`
	CacheEnabled     bool          `envconfig:"INFRAHUB_MCP_CACHE_ENABLED" default:"false" desc:"Keep what is made of the schema (get_schema, infrahub://schema and the like) for its caller, while Infrahub says that the schema is the same, and let clients keep lists."`
	CacheListTTL     time.Duration `envconfig:"INFRAHUB_MCP_CACHE_LIST_TTL" default:"300" unit:"s" min:"1" max:"2592000" desc:"How long clients may keep lists of tools, resources and prompts (ttlMs, from protocol 2026-07-28 on)."`
	CacheReadTTL     time.Duration `envconfig:"INFRAHUB_MCP_CACHE_READ_TTL" default:"3600" unit:"s" min:"1" max:"2592000" desc:"How long an answer made of the schema is kept at most."`
}

// Branch says how session branches are named.
type Branch struct {
	Pattern    string `envconfig:"INFRAHUB_MCP_BRANCH_PATTERN" default:"mcp/session-{date}-{hex}" format:"branch-pattern" desc:"Name of a new session branch: {date} is the day in UTC as YYYYMMDD, {hex} eight random hexadecimal digits, {user} who asks, or anonymous. Without any of them the name is fixed."`
	MaxRetries int    `envconfig:"INFRAHUB_MCP_MAX_BRANCH_RETRIES" default:"5" unit:"attempts" min:"1" max:"20" desc:"How many names are tried when a branch of that name exists."`
}

// Writes say how far writing may go.
type Writes struct {
	AllowAgnostic  bool   `envconfig:"INFRAHUB_MCP_ALLOW_AGNOSTIC_WRITES" default:"false" desc:"Let branch-agnostic kinds be written. They lie outside branches: such a change takes effect everywhere at once, without review."`
	ConfirmDeletes string `envconfig:"INFRAHUB_MCP_CONFIRM_DELETES" default:"auto" oneof:"auto,always,never" desc:"Whether the user is asked before a node is deleted. auto: where the client can ask. always: and refuse where it cannot. never: not at all."`
}

// Auth says who may use the server and as whom it acts in Infrahub.
type Auth struct {
	Mode                   string   `envconfig:"INFRAHUB_MCP_AUTH_MODE" default:"none" oneof:"none,token-passthrough,basic-passthrough,oidc" desc:"none: whoever reaches the server acts with its credential. token-passthrough, basic-passthrough: each request carries its own Infrahub credential. oidc: clients log in at an identity provider."`
	ScopesWrite            []string `envconfig:"INFRAHUB_MCP_AUTH_SCOPES_WRITE" default:"write" format:"scopes" empty:"every authenticated user may write" desc:"Scopes that writing needs, all of them, in mode oidc."`
	TokenPassthroughHeader string   `envconfig:"INFRAHUB_MCP_TOKEN_PASSTHROUGH_HEADER" default:"Authorization" format:"header" desc:"HTTP header that carries the credential in both passthrough modes."`
	SigningKey             Secret   `envconfig:"INFRAHUB_MCP_SIGNING_KEY" secret:"true" lines:"true" format:"token" desc:"Key that session ids, and in mode oidc tokens, are signed with: base64 of at least 32 random bytes; several, separated by commas or in a file one on a line, the newest first. Set the same for all replicas. Not set: in mode oidc made of the client secret, else random for each process."`
	StateURL               Secret   `envconfig:"INFRAHUB_MCP_STATE_URL" secret:"true" format:"state" desc:"Redis or Valkey through which several replicas are one server, such as redis://host:6379/0: sessions and their branches, rate limits, what may be used only once and what was revoked. It needs INFRAHUB_MCP_SIGNING_KEY, the same for all. Not set: each process remembers its own. Over stdio it is not used."`
	OIDCConfigURL          string   `envconfig:"INFRAHUB_MCP_OIDC_CONFIG_URL" format:"url" desc:"Discovery document of the identity provider. Required in mode oidc."`
	OIDCClientID           string   `envconfig:"INFRAHUB_MCP_OIDC_CLIENT_ID" desc:"Client id at the identity provider. Required in mode oidc."`
	OIDCClientSecret       Secret   `envconfig:"INFRAHUB_MCP_OIDC_CLIENT_SECRET" secret:"true" desc:"Client secret at the identity provider. Not set: a public client with PKCE."`
	OIDCBaseURL            string   `envconfig:"INFRAHUB_MCP_OIDC_BASE_URL" format:"base-url" desc:"Address under which clients reach this server, without the path of MCP. Required in mode oidc."`
	OIDCRedirectPath       string   `envconfig:"INFRAHUB_MCP_OIDC_REDIRECT_PATH" default:"/oauth/callback" format:"url-path" desc:"Path below that address to which the identity provider sends users back. /auth/callback is answered as well."`
	OIDCScopes             []string `envconfig:"INFRAHUB_MCP_OIDC_SCOPES" default:"openid,email,profile" format:"scopes" desc:"Scopes that the identity provider is asked for. The scopes of writing are added where it names them in its discovery document."`
	OIDCOfflineAccess      bool     `envconfig:"INFRAHUB_MCP_OIDC_OFFLINE_ACCESS" default:"true" desc:"Ask the identity provider, where it can, for logins that outlast the user's session there. If false, users log in anew when that ends."`
	OIDCScopeClaims        []string `envconfig:"INFRAHUB_MCP_OIDC_SCOPE_CLAIMS" format:"claims" desc:"Claims of the identity provider's tokens whose values count as scopes, such as roles, groups or realm_access.roles."`
	OIDCUserClaim          string   `envconfig:"INFRAHUB_MCP_OIDC_USER_CLAIM" default:"email" desc:"Claim that names the user in the log and in {user} of the branch pattern."`
	OIDCAudience           string   `envconfig:"INFRAHUB_MCP_OIDC_AUDIENCE" desc:"Audience for which the identity provider makes access tokens of this server. When it is set, such tokens are accepted without a login here."`
	OIDCAllowedRedirects   []string `envconfig:"INFRAHUB_MCP_OIDC_ALLOWED_REDIRECT_URIS" format:"redirect-uris" desc:"Redirect URIs of clients that need to be named: those with a scheme of their own, such as cursor://..., and those of clients that do not register. Compared exactly."`
	OIDCCIMD               []string `envconfig:"INFRAHUB_MCP_OIDC_CIMD" default:"on" format:"cimd" desc:"Whether clients may be known by a metadata document at an https address: on, off, or the hosts that may hold it, such as claude.ai,*.example.com."`
	OIDCPassUser           bool     `envconfig:"INFRAHUB_MCP_OIDC_PASS_USER" default:"false" desc:"Name the user in the description of session branches and proposed changes, which Infrahub otherwise knows only as those of the server's account."`
}

// Telemetry says what the server reports about itself.
type Telemetry struct {
	PrometheusEnabled bool   `envconfig:"INFRAHUB_MCP_PROMETHEUS_ENABLED" default:"false" desc:"Answer /metrics in the exposition format of Prometheus instead of JSON."`
	MetricsAddress    string `envconfig:"INFRAHUB_MCP_METRICS_ADDRESS" format:"listen" desc:"Address and port at which /metrics is answered, over plain HTTP, and then there alone; over stdio as well. Not set: beside MCP over HTTP."`
	OTelEnabled       bool   `envconfig:"INFRAHUB_MCP_OTEL_ENABLED" default:"false" desc:"Record what is done for clients as OpenTelemetry spans and export them, as the standard OTEL_* variables say."`
}

// Tracing says how spans are exported. The names are those of OpenTelemetry, of
// whose variables these are the ones that this program reads or checks; its
// libraries read the others.
type Tracing struct {
	Disabled        bool    `envconfig:"OTEL_SDK_DISABLED" with:"INFRAHUB_MCP_OTEL_ENABLED" default:"false" desc:"Record nothing all the same."`
	Exporter        string  `envconfig:"OTEL_TRACES_EXPORTER" with:"INFRAHUB_MCP_OTEL_ENABLED" default:"otlp" oneof:"otlp,console,none" desc:"Where spans go: to a collector, as JSON to standard error, or nowhere, which records nothing."`
	Protocol        string  `envconfig:"OTEL_EXPORTER_OTLP_PROTOCOL" with:"INFRAHUB_MCP_OTEL_ENABLED" default:"http/protobuf" oneof:"grpc,http/protobuf,http/json" desc:"Protocol that the collector speaks."`
	TracesProtocol  string  `envconfig:"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL" with:"INFRAHUB_MCP_OTEL_ENABLED" oneof:"grpc,http/protobuf,http/json" desc:"The same for traces alone; it goes before the other."`
	Endpoint        string  `envconfig:"OTEL_EXPORTER_OTLP_ENDPOINT" with:"INFRAHUB_MCP_OTEL_ENABLED" format:"url" desc:"Where the collector is. Not set: http://localhost:4318, or https://localhost:4317 with grpc. Over HTTP, v1/traces is added to the path."`
	TracesEndpoint  string  `envconfig:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" with:"INFRAHUB_MCP_OTEL_ENABLED" format:"url" desc:"The same for traces alone, with the whole path; it goes before the other."`
	Headers         Secret  `envconfig:"OTEL_EXPORTER_OTLP_HEADERS" with:"INFRAHUB_MCP_OTEL_ENABLED" secret:"true" format:"otlp-headers" desc:"Headers for the collector, such as authorization=Bearer%20my-token."`
	TracesHeaders   Secret  `envconfig:"OTEL_EXPORTER_OTLP_TRACES_HEADERS" with:"INFRAHUB_MCP_OTEL_ENABLED" secret:"true" format:"otlp-headers" desc:"The same for traces alone; it goes before the other."`
	Sampler         string  `envconfig:"OTEL_TRACES_SAMPLER" with:"INFRAHUB_MCP_OTEL_ENABLED" default:"parentbased_always_on" oneof:"always_on,always_off,traceidratio,parentbased_always_on,parentbased_always_off,parentbased_traceidratio" desc:"Which requests are recorded; parentbased: as their client decided, if it did."`
	SamplerArgument float64 `envconfig:"OTEL_TRACES_SAMPLER_ARG" with:"INFRAHUB_MCP_OTEL_ENABLED" default:"1" min:"0" max:"1" desc:"Share of requests that is recorded, for traceidratio."`
}

// HeaderValues are the values of the headers for the collector, which may be
// credentials, as they are written and as they are sent.
func (t *Tracing) HeaderValues() []string {
	var values []string
	for _, list := range []Secret{t.Headers, t.TracesHeaders} {
		for pair := range strings.SplitSeq(list.Reveal(), ",") {
			_, written, _ := strings.Cut(pair, "=")
			sent, _ := url.PathUnescape(written) // it was checked
			values = append(values, strings.TrimSpace(written), strings.TrimSpace(sent))
		}
	}
	return values
}

// Authentication modes, the values of Auth.Mode.
const (
	AuthNone             = "none"
	AuthTokenPassthrough = "token-passthrough"
	AuthBasicPassthrough = "basic-passthrough"
	AuthOIDC             = "oidc"
)

// Transports, the values of Server.Transport.
const (
	TransportStdio = "stdio"
	TransportHTTP  = "streamable-http"
)
