module versioned-image/originals

go 1.26.3

require (
	github.com/docker/cli v29.7.2+incompatible
	github.com/moby/patternmatcher v0.6.1
)

require (
	github.com/docker/docker-credential-helpers v0.9.8 // indirect
	github.com/google/go-cmp v0.7.0 // indirect
	github.com/sirupsen/logrus v1.9.4 // indirect
	github.com/stretchr/testify v1.11.1 // indirect
	golang.org/x/sys v0.47.0 // indirect
	gotest.tools/v3 v3.5.2 // indirect
)
