#!/usr/bin/env bash
# Runs a command under a real Slurm of one node, started for it and stopped behind it.
#
#   Fuzz/slurm-node.sh COMMAND [ARGUMENT...]
#
# Needs root and Debian's slurm-wlm and munge. Processes are tracked through /proc, so neither cgroups
# nor a cluster's configuration are needed. Exits with 77 where it cannot run, and says why.
set -euo pipefail

unable() { echo "slurm: not run: $*"; exit 77; }
[ "$(id -u)" -eq 0 ] || unable "it needs root"
for program in munged slurmctld slurmd sbatch scontrol; do
  command -v "$program" >/dev/null || unable "there is no $program; install slurm-wlm and munge"
done

node=$(mktemp -d /tmp/poolfuzz-slurm.XXXXXX)
host=$(hostname -s)
mkdir -p "$node"/{state,spool,munge}
chmod 700 "$node/munge"

stop() {
  for name in slurmd slurmctld munged; do
    if [ -s "$node/$name.pid" ]; then kill "$(cat "$node/$name.pid")" 2>/dev/null || true; fi
  done
  sleep 1
  rm -rf "$node"
}
trap stop EXIT

head -c 1024 /dev/urandom >"$node/munge/key"
chmod 400 "$node/munge/key"
# The folder of the socket must be open to others; root owns all of it, so munge is told not to mind.
chmod 755 "$node"
munged --force --key-file="$node/munge/key" --socket="$node/munge.socket" \
  --pid-file="$node/munged.pid" --log-file="$node/munged.log" --seed-file="$node/munge/seed"

cat >"$node/slurm.conf" <<CONFIGURATION
ClusterName=poolfuzz
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
# A task that is requeued may start again when its old credential has expired.
AuthInfo=socket=$node/munge.socket,cred_expire=5
StateSaveLocation=$node/state
SlurmdSpoolDir=$node/spool
SlurmctldPidFile=$node/slurmctld.pid
SlurmdPidFile=$node/slurmd.pid
SlurmctldLogFile=$node/slurmctld.log
SlurmdLogFile=$node/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2
ReturnToService=2
JobRequeue=1
KillWait=2
InactiveLimit=0
MinJobAge=600
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONFIGURATION
export SLURM_CONF=$node/slurm.conf

slurmctld -c
slurmd -c
for _ in $(seq 60); do
  if sinfo -h -o %t 2>/dev/null | grep -q '^idle'; then break; fi
  sleep 1
done
if ! sinfo -h -o %t 2>/dev/null | grep -q '^idle'; then
  sed 's/^/slurm: /' "$node/slurmctld.log" "$node/slurmd.log" | tail -20
  unable "its node did not come up"
fi
"$@"
