# The build runs on the machine's own platform and compiles for that of the image.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src

# Modules change less often than code: their layer is kept between builds.
COPY go.mod go.sum ./
RUN go mod download

COPY cmd cmd
COPY internal internal
COPY deploy/license deploy/license
# Whoever hands out the image hands out the licences of what is linked.
RUN go run ./deploy/license/save /licenses

ARG TARGETOS TARGETARCH
# The build context holds no Git history to take these from.
ARG VERSION=""
ARG REVISION=""
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -o /infrahub-mcp -ldflags "-s -w \
      -X infrahub-mcp/internal/cli.version=$VERSION -X infrahub-mcp/internal/cli.commit=$REVISION" \
    ./cmd/infrahub-mcp

# Nothing but the program, the certificates it trusts and the licences: no shell,
# no package manager, nothing to write to. Run it with a read-only root file
# system and without capabilities.
FROM scratch
ARG VERSION=""
ARG REVISION=""
ARG CREATED=""
ARG HOMEPAGE=""
# The name in server.json. The MCP registry looks for it here: who labels an image
# is who owns it.
ARG NAME=""
LABEL org.opencontainers.image.title="infrahub-mcp" \
      org.opencontainers.image.description="Model Context Protocol server for Infrahub" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.url="$HOMEPAGE" \
      io.modelcontextprotocol.server.name="$NAME"

COPY LICENSE /licenses/infrahub-mcp/LICENSE
COPY --from=build /licenses /licenses
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /infrahub-mcp /infrahub-mcp

# A number, so that Kubernetes can tell that it is not root (runAsNonRoot).
USER 65532:65532
EXPOSE 8001
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s --retries=3 CMD ["/infrahub-mcp", "healthcheck"]

# Without arguments it speaks stdio; `--transport streamable-http` serves HTTP.
ENTRYPOINT ["/infrahub-mcp"]
