package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"infrahub-mcp/internal/protocol"
)

// extend adds what the suite asks for and the catalogues cannot hold: answers that
// are neither text nor objects, questions that are not yes or no, resources and
// prompts of any content. The suite describes it in its scenarios.
func extend(core *server.MCPServer, ask protocol.Ask) {
	addContents(core)
	addQuestions(core, ask)
	addRounds(core)
	addResources(core)
	addPrompts(core)
}

// A PNG of one pixel and a WAV without a sample.
const (
	pixel   = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
	silence = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="
)

const madeFor = "Made for the conformance suite."

// object is one of JSON.
type object = map[string]any

// addTool adds a tool that needs some texts as arguments.
func addTool(core *server.MCPServer, name string, run server.ToolHandlerFunc, arguments ...string) {
	options := []mcp.ToolOption{mcp.WithDescription(madeFor)}
	for _, argument := range arguments {
		options = append(options, mcp.WithString(argument, mcp.Required(), mcp.Description("A text.")))
	}
	core.AddTool(mcp.NewTool(name, options...), run)
}

func embedded(uri, mediaType, text string) mcp.Content {
	return mcp.NewEmbeddedResource(mcp.TextResourceContents{URI: uri, MIMEType: mediaType, Text: text})
}

// addContents adds the tools that answer with other things than text.
func addContents(core *server.MCPServer) {
	for name, contents := range map[string][]mcp.Content{
		"test_image_content":     {mcp.NewImageContent(pixel, "image/png")},
		"test_audio_content":     {mcp.NewAudioContent(silence, "audio/wav")},
		"test_embedded_resource": {embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")},
		"test_multiple_content_types": {
			mcp.NewTextContent("Multiple content types test:"),
			mcp.NewImageContent(pixel, "image/png"),
			embedded("test://mixed-content-resource", "application/json", `{"test":"data","value":123}`),
		},
	} {
		addTool(core, name, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return &mcp.CallToolResult{Content: contents}, nil
		})
	}
}

// addResources adds resources of any content.
func addResources(core *server.MCPServer) {
	for uri, contents := range map[string]mcp.ResourceContents{
		"test://static-text":   mcp.TextResourceContents{URI: "test://static-text", MIMEType: "text/plain", Text: "This is the content of the static text resource."},
		"test://static-binary": mcp.BlobResourceContents{URI: "test://static-binary", MIMEType: "image/png", Blob: pixel},
	} {
		core.AddResource(mcp.NewResource(uri, uri, mcp.WithResourceDescription(madeFor)),
			func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
				return []mcp.ResourceContents{contents}, nil
			})
	}
	core.AddResourceTemplate(mcp.NewResourceTemplate("test://template/{id}/data", "template", mcp.WithTemplateDescription(madeFor), mcp.WithTemplateMIMEType("application/json")),
		func(_ context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			id := strings.TrimSuffix(strings.TrimPrefix(r.Params.URI, "test://template/"), "/data")
			text, err := json.Marshal(object{"id": id, "templateTest": true, "data": "Data for ID: " + id})
			return []mcp.ResourceContents{mcp.TextResourceContents{URI: r.Params.URI, MIMEType: "application/json", Text: string(text)}}, err
		})
}

// addPrompts adds prompts. Nothing is known of their arguments.
func addPrompts(core *server.MCPServer) {
	server.WithPromptCompletionProvider(&server.DefaultPromptCompletionProvider{})(core)
	add := func(name string, contents func(arguments map[string]string) []mcp.Content, arguments ...string) {
		p := mcp.NewPrompt(name, mcp.WithPromptDescription(madeFor))
		for _, argument := range arguments {
			p.Arguments = append(p.Arguments, mcp.PromptArgument{Name: argument, Description: "A text.", Required: true})
		}
		core.AddPrompt(p, func(_ context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			result := &mcp.GetPromptResult{Description: p.Description}
			for _, content := range contents(r.Params.Arguments) {
				result.Messages = append(result.Messages, mcp.NewPromptMessage(mcp.RoleUser, content))
			}
			return result, nil
		})
	}
	add("test_simple_prompt", func(map[string]string) []mcp.Content {
		return []mcp.Content{mcp.NewTextContent("This is a simple prompt for testing.")}
	})
	add("test_prompt_with_arguments", func(given map[string]string) []mcp.Content {
		return []mcp.Content{mcp.NewTextContent(fmt.Sprintf("Prompt with arguments: arg1='%s', arg2='%s'", given["arg1"], given["arg2"]))}
	}, "arg1", "arg2")
	add("test_prompt_with_embedded_resource", func(given map[string]string) []mcp.Content {
		return []mcp.Content{
			embedded(given["resourceUri"], "text/plain", "Embedded resource content for testing."),
			mcp.NewTextContent("Please process the embedded resource above."),
		}
	}, "resourceUri")
	add("test_prompt_with_image", func(map[string]string) []mcp.Content {
		return []mcp.Content{mcp.NewImageContent(pixel, "image/png"), mcp.NewTextContent("Please analyze the image above.")}
	})
}
