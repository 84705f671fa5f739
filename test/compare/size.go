package main

import (
	"encoding/json"
	"fmt"
)

// size is what an answer costs.
type size struct {
	Bytes  int // of the whole message, as it travels
	Tokens int // of what a model reads of it, roughly
}

// tokens is what a text costs a model, roughly. The budget of tools/list is
// counted in the same way.
func tokens(bytes int) int { return bytes / 4 }

// sizeOf measures an answer. A model reads of tools/list the names, descriptions
// and input schemas, and of a call the text.
func sizeOf(message []byte) (size, error) {
	var answer struct {
		Result struct {
			Tools []struct {
				Name        string          `json:"name"`
				Description string          `json:"description"`
				InputSchema json.RawMessage `json:"inputSchema"`
			} `json:"tools"`
			Content []struct {
				Text string `json:"text"`
			} `json:"content"`
		} `json:"result"`
	}
	if err := json.Unmarshal(message, &answer); err != nil {
		return size{}, fmt.Errorf("measuring an answer: %w", err)
	}
	s := size{Bytes: len(message)}
	for _, tool := range answer.Result.Tools {
		raw, err := json.Marshal(tool)
		if err != nil {
			return size{}, fmt.Errorf("measuring an answer: %w", err)
		}
		s.Tokens += tokens(len(raw))
	}
	for _, content := range answer.Result.Content {
		s.Tokens += tokens(len(content.Text))
	}
	return s, nil
}
