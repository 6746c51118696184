package main

import (
	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	// Registered by the upstream main packages as well: metrics and the client auth plug-ins.
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/restclient"
	_ "k8s.io/component-base/metrics/prometheus/version"

	"context"
)

func run(command *cobra.Command) int { return cli.Run(command) }

func runAPIServer() int         { return run(apiserver.NewAPIServerCommand()) }
func runControllerManager() int { return run(controllermanager.NewControllerManagerCommand()) }
func runScheduler() int         { return run(scheduler.NewSchedulerCommand()) }
func runProxy() int             { return run(proxy.NewProxyCommand()) }
func runKubelet() int           { return run(kubelet.NewKubeletCommand(context.Background())) }

// runKubectl mirrors upstream: logging is set up late so that plug-in flags stay quiet.
func runKubectl() int {
	logs.GlogSetter(cmd.GetLogVerbosity([]string{}))
	command := cmd.NewDefaultKubectlCommand()
	if err := cli.RunNoErrOutput(command); err != nil {
		util.CheckErr(err)
	}
	return 0
}
