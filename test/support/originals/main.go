// BuildKit's own parser, Docker's own pattern matcher and its client's own configuration, asked over standard input: a JSON object a line, answered by one a line.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"strings"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/credentials"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

type question struct {
	// The Dockerfile, in base64.
	Dockerfile []byte
	// An ignore file in base64, and what may be ignored, in place of a Dockerfile.
	IgnoreFile []byte
	Paths      []string
	// A registry's host, to find credentials for in Docker's configuration (in base64) and the variable DOCKER_AUTH_CONFIG.
	Host          string
	Configuration []byte
	Environment   string
}

type answer struct {
	Error  string  `json:"error,omitempty"`
	Stages []stage `json:"stages,omitempty"`
	// What stands before the first stage.
	Arguments []string `json:"arguments,omitempty"`
	// Of each path, whether the ignore file leaves it out.
	Ignored []bool `json:"ignored,omitempty"`
	// What Docker's client would show the registry.
	Credentials *shown `json:"credentials,omitempty"`
}

type shown struct {
	Username      string `json:"username,omitempty"`
	Password      string `json:"password,omitempty"`
	IdentityToken string `json:"identityToken,omitempty"`
	RegistryToken string `json:"registryToken,omitempty"`
}

type stage struct {
	Name         string        `json:"name"`
	From         string        `json:"from"`
	Instructions []instruction `json:"instructions"`
}

type instruction struct {
	Name string `json:"name"`
	// The line as it was read, its flags, arguments and here-documents.
	Text          string            `json:"text"`
	Tree          string            `json:"tree"`
	HereDocuments []parser.Heredoc  `json:"hereDocuments,omitempty"`
	Labels        map[string]string `json:"labels,omitempty"`
	// The comments that set checks for it.
	Checks []string `json:"checks,omitempty"`
}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			panic(err)
		}
		given, err := answerTo(asked)
		if err != nil {
			given = answer{Error: err.Error()}
		}
		if err := out.Encode(given); err != nil {
			panic(err)
		}
	}
}

func answerTo(asked question) (answer, error) {
	if asked.Paths != nil {
		return readIgnoreFile(asked.IgnoreFile, asked.Paths)
	}
	if asked.Host != "" {
		return findCredentials(asked)
	}
	return readDockerfile(asked.Dockerfile)
}

func findCredentials(asked question) (answer, error) {
	file := configfile.New("")
	if err := file.LoadFromReader(bytes.NewReader(asked.Configuration)); err != nil {
		return answer{}, err
	}
	if !file.ContainsAuth() {
		file.CredentialsStore = credentials.DetectDefaultStore(file.CredentialsStore)
	}
	if err := os.Setenv(configfile.DockerEnvConfigKey, asked.Environment); err != nil {
		return answer{}, err
	}
	found, err := file.GetAuthConfig(asked.Host)
	if err != nil {
		return answer{}, err
	}
	return answer{Credentials: &shown{found.Username, found.Password, found.IdentityToken, found.RegistryToken}}, nil
}

func readIgnoreFile(content []byte, paths []string) (answer, error) {
	var given answer
	patterns, err := ignorefile.ReadAll(bytes.NewReader(content))
	if err != nil {
		return given, err
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return given, err
	}
	for _, path := range paths {
		ignored, err := matcher.MatchesOrParentMatches(path)
		if err != nil {
			return given, err
		}
		given.Ignored = append(given.Ignored, ignored)
	}
	return given, nil
}

func readDockerfile(content []byte) (answer, error) {
	var given answer
	parsed, err := parser.Parse(bytes.NewReader(content))
	if err != nil {
		return given, err
	}
	if _, _, err := instructions.Parse(parsed.AST, linter.New(&linter.Config{})); err != nil {
		return given, err
	}
	for _, node := range parsed.AST.Children {
		if strings.EqualFold(node.Value, "from") {
			command, err := instructions.ParseInstructionWithLinter(node, linter.New(&linter.Config{}))
			if err != nil {
				return given, err
			}
			given.Stages = append(given.Stages, stage{Name: command.(*instructions.Stage).Name, From: node.Original})
		}
		read, err := describe(node, parsed.EscapeToken)
		if err != nil {
			return given, err
		}
		if len(given.Stages) == 0 {
			given.Arguments = append(given.Arguments, node.Original)
			continue
		}
		last := &given.Stages[len(given.Stages)-1]
		last.Instructions = append(last.Instructions, read)
	}
	return given, nil
}

func describe(node *parser.Node, escape rune) (instruction, error) {
	read := instruction{Name: strings.ToLower(node.Value), Text: node.Original, Tree: node.Dump(), HereDocuments: node.Heredocs}
	for _, comment := range node.PrevComment {
		if strings.HasPrefix(strings.ToLower(comment), "check") {
			read.Checks = append(read.Checks, comment)
		}
	}
	if read.Name != "label" {
		return read, nil
	}
	command, err := instructions.ParseInstructionWithLinter(node, linter.New(&linter.Config{}))
	if err != nil {
		return read, err
	}
	read.Labels = map[string]string{}
	lex := shell.NewLex(escape)
	for _, pair := range command.(*instructions.LabelCommand).Labels {
		key, _, err := lex.ProcessWord(pair.Key, shell.EnvsFromSlice(nil))
		if err != nil {
			return read, err
		}
		value, _, err := lex.ProcessWord(pair.Value, shell.EnvsFromSlice(nil))
		if err != nil {
			return read, err
		}
		read.Labels[key] = value
	}
	return read, nil
}
