/** Objects to judge by the rules of a policy (PolicyRequest), and fields whose places are asked for (PlacesRequest). */
export type PolicyJob = 'policy' | 'places'
