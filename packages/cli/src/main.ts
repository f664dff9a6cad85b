#!/usr/bin/env node
import { nodeDependencies } from './host/node-dependencies.ts';
import { runCli } from './run-cli.ts';

void runCli(process.argv.slice(2), nodeDependencies());
