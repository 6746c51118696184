package main

import (
	"os"

	helm "helm.sh/helm/v4/pkg/cmd"
)

// runHelm mirrors upstream's main: a plug-in's own exit code is kept.
func runHelm() int {
	command, err := helm.NewRootCmd(os.Stdout, os.Args[1:], helm.SetupLogging)
	if err != nil {
		os.Stderr.WriteString("helm: " + err.Error() + "\n")
		return 1
	}
	if err := command.Execute(); err != nil {
		if coded, ok := err.(helm.CommandError); ok {
			return coded.ExitCode
		}
		return 1
	}
	return 0
}
