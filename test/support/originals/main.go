// Docker's own pattern matcher and its client's own configuration, asked over standard input: a JSON object a line, answered by one a line.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/credentials"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

type question struct {
	// An ignore file in base64, and what may be ignored.
	IgnoreFile []byte
	Paths      []string
	// A registry's host, to find credentials for in Docker's configuration (in base64) and the variable DOCKER_AUTH_CONFIG.
	Host          string
	Configuration []byte
	Environment   string
}

type answer struct {
	Error string `json:"error,omitempty"`
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
	return findCredentials(asked)
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
