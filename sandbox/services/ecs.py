"""ECS: settings of clusters, and clusters without tags."""

from sandbox.services.call import Answer, Call, Service

SERVICE = Service("ecs")


@SERVICE.answers("UpdateClusterSettings")
def update_cluster_settings(call: Call) -> Answer:
    """Do it by the call that moto has. There is one setting, so that nothing is lost with the list."""
    cluster, settings = call.parameters["cluster"], call.parameters["settings"]
    return {
        "cluster": call.aws("ecs", "UpdateCluster", {"cluster": cluster, "settings": settings})["cluster"]
    }


@SERVICE.answers("DescribeClusters")
def describe_clusters(call: Call) -> Answer:
    """Say of a cluster without tags that it has none, where they are asked for: moto leaves them out."""
    answer = call.moto()
    if "TAGS" in call.parameters.get("include", []):
        for cluster in answer["clusters"]:
            cluster.setdefault("tags", [])
    return answer
